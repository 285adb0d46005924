/** The messages that were sent last, as most are received soon. It is bounded; the others are read from the log. */
import type { Message } from "./mailMessage.ts";

/** In characters. */
const mostText = 4_000_000;
const mostMessages = 5000;

export const makeRecentMail = () => {
  const messages = new Map<string, Message>();
  let text = 0;
  const size = ({ body, subject }: Message) => body.length + subject.length;

  return {
    get: (id: string): Message | undefined => messages.get(id),
    put: (message: Message): void => {
      if (messages.has(message.id)) return;
      messages.set(message.id, message);
      text += size(message);
      for (const [id, oldest] of messages) {
        if (text <= mostText && messages.size <= mostMessages) return;
        messages.delete(id);
        text -= size(oldest);
      }
    },
    clear: (): void => {
      messages.clear();
      text = 0;
    },
  };
};
