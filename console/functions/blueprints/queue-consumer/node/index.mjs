const handle = (order) => {
  if (order.quantity === undefined) throw new Error("no quantity");
  console.log(`Order ${order.order}: ${order.quantity} pieces`);
};

export const handler = async (event) => {
  const batchItemFailures = [];
  for (const record of event.Records) {
    try {
      handle(JSON.parse(record.body));
    } catch (error) {
      console.error(`${record.messageId} failed: ${error.message}`);
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  // Only the messages named here go back to the queue.
  return { batchItemFailures };
};
