drop trigger content on exports_export;
drop trigger of_export on exports_exportpart;
drop trigger was_closed on exports_exportday;
drop trigger of_export on exports_exportday;
drop trigger made on exports_export;
drop function exports_export_content();
drop function exports_exportday_closed();
drop function exports_of_export();
drop function exports_export_made();
