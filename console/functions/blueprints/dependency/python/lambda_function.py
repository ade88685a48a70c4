from tabulate import tabulate


def lambda_handler(event, context):
    table = tabulate(event["rows"], headers="keys", tablefmt="github")
    print(event["title"])
    print(table)
    return {"title": event["title"], "table": table.splitlines()}
