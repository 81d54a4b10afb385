// The tour: five presses that show what the bot can do.
const SUPPORT = "C0SUPPORT";

export function tour(step, { send, place }) {
  const ask = (text) => {
    send({ do: "look", channel: SUPPORT, thread: "" });
    send({ do: "say", text: `@milvusfaq ${text}` });
  };
  if (step === "question") ask("How is data stored in milvus?");
  else if (step === "unknown") ask("How do I bake sourdough bread?");
  else if (step === "german") ask("Wie werden Daten in Milvus gespeichert?");
  else if (step === "follow-up") {
    if (place().thread) send({ do: "say", text: "and where does the metadata go?", thread: place().thread });
    else ask("How is metadata stored in milvus?");
  } else if (step === "dislike") {
    const thumbs = document.querySelectorAll('#thread button[data-kind="feedback_buttons"]');
    if (thumbs.length) thumbs[thumbs.length - 1].click();
    else ask("What is a segment?");
  }
}
