import type { Mail } from '../ports/mail.js';

/** Mail by SMTP. The client is loaded for the first message: it has 240 kB, and few runs send one. */
export const createMail = (): Mail => ({
  send: async (server, message, signal) => {
    const { sendMail } = await import('./smtp.js');
    return sendMail(server, message, signal);
  },
});
