import json

ITEMS = [{"name": "raincoat"}, {"name": "boots"}, {"name": "hat"}]


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }


def lambda_handler(event, context):
    method = event["httpMethod"]
    if method == "GET":
        limit = int((event.get("queryStringParameters") or {}).get("limit", len(ITEMS)))
        return answer(200, {"items": ITEMS[:limit]})
    if method == "POST":
        try:
            item = json.loads(event["body"] or "")
        except ValueError:
            return answer(400, {"message": "The body is not JSON."})
        print(f"Adding {item}")
        return answer(201, item)
    return answer(405, {"message": f"{method} is not supported."})
