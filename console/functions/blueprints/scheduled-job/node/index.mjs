export const handler = async (event, context) => {
  const due = new Date(event.time);
  const rule = event.resources[0].split("/").pop();
  console.log(`${rule} was due at ${due.toISOString().slice(11, 16)} UTC`);
  // Stop in good time: what is not done now is done at the next run.
  console.log(`${Math.round(context.getRemainingTimeInMillis() / 1000)} seconds left`);
  return { rule, date: due.toISOString().slice(0, 10) };
};
