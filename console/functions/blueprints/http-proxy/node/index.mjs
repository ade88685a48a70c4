const ITEMS = [{ name: "raincoat" }, { name: "boots" }, { name: "hat" }];

const answer = (statusCode, body) => ({
  statusCode,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

export const handler = async (event) => {
  const method = event.httpMethod;
  if (method === "GET") {
    const limit = Number(event.queryStringParameters?.limit ?? ITEMS.length);
    return answer(200, { items: ITEMS.slice(0, limit) });
  }
  if (method === "POST") {
    let item;
    try {
      item = JSON.parse(event.body ?? "");
    } catch {
      return answer(400, { message: "The body is not JSON." });
    }
    console.log("Adding", item);
    return answer(201, item);
  }
  return answer(405, { message: `${method} is not supported.` });
};
