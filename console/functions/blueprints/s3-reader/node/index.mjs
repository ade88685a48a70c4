export const handler = async (event) => {
  const objects = event.Records.map((record) => {
    const bucket = record.s3.bucket.name;
    // Keys arrive URL-encoded, with + for a space.
    const key = decodeURIComponent(record.s3.object.key.replaceAll("+", " "));
    const size = record.s3.object.size ?? 0;
    console.log(`${record.eventName}: s3://${bucket}/${key} (${size} bytes)`);
    return { bucket, key, size };
  });
  return { objects };
};
