def lambda_handler(event, context):
    name = event.get("name", "world")
    print(f"Greeting {name}")
    return {"greeting": f"Hello, {name}!", "requestId": context.aws_request_id}
