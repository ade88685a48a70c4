from urllib.parse import unquote_plus


def lambda_handler(event, context):
    seen = []
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        # Keys arrive URL-encoded, with + for a space.
        key = unquote_plus(record["s3"]["object"]["key"])
        size = record["s3"]["object"].get("size", 0)
        print(f"{record['eventName']}: s3://{bucket}/{key} ({size} bytes)")
        seen.append({"bucket": bucket, "key": key, "size": size})
    return {"objects": seen}
