from datetime import datetime


def lambda_handler(event, context):
    due = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    rule = event["resources"][0].rpartition("/")[2]
    print(f"{rule} was due at {due:%H:%M} UTC")
    # Stop in good time: what is not done now is done at the next run.
    print(f"{context.get_remaining_time_in_millis() / 1000:.0f} seconds left")
    return {"rule": rule, "date": f"{due:%Y-%m-%d}"}
