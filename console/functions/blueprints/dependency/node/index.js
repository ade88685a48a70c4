import { markdownTable } from "markdown-table";

export const handler = async (event) => {
  const columns = Object.keys(event.rows[0]);
  const table = markdownTable([columns, ...event.rows.map((row) => columns.map((c) => String(row[c])))]);
  console.log(event.title);
  console.log(table);
  return { title: event.title, table: table.split("\n") };
};
