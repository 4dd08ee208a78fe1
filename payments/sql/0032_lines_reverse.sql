drop function payments_lines(bigint[], text[], text, text[]);
