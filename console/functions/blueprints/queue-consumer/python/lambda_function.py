import json


def handle(order):
    print(f"Order {order['order']}: {order['quantity']} pieces")


def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            handle(json.loads(record["body"]))
        except (ValueError, KeyError) as error:
            print(f"{record['messageId']} failed: {error!r}")
            failures.append({"itemIdentifier": record["messageId"]})
    # Only the messages named here go back to the queue.
    return {"batchItemFailures": failures}
