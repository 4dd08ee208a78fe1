drop function shell_beside(bigint, bigint, text, boolean, text[], boolean, text[], timestamptz, boolean, boolean);
