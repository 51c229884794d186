/** Mail by SMTP. */
export interface Mail {
  /**
   * Sends one message over a connection of its own.
   * @returns the recipients that the server rejected; it has accepted the others
   * @throws MailError when it accepted none; what `signal` aborts with
   */
  send(server: MailServer, message: MailMessage, signal: AbortSignal): Promise<readonly string[]>;
}

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the start. `required`: STARTTLS, or nothing is sent. `if-offered`: STARTTLS if the server offers it. */
  readonly tls: 'implicit' | 'required' | 'if-offered';
  readonly login?: { readonly user: string; readonly password: string };
}

export interface MailAddress {
  readonly name?: string;
  readonly address: string;
}

export interface MailMessage {
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Why a message was not accepted.
 *
 * - `login`: user name or password are wrong, or the server wants some
 * - `certificate`: its certificate is not trusted
 * - `tls`: it offers no TLS, or cannot speak it
 * - `rejected`: it has rejected the message or all recipients for good
 * - `temporary`: it does not accept it now (4xx), or the connection failed before the message was sent: another attempt may succeed
 * - `other`: nothing of these, or it is not known whether the message was accepted
 */
export type MailTrouble = 'login' | 'certificate' | 'tls' | 'rejected' | 'temporary' | 'other';

/** `message` is a sentence without its end: `mail.acme.example:587 rejected the login: 535 5.7.8 Error`. */
export class MailError extends Error {
  constructor(readonly trouble: MailTrouble, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'MailError';
  }
}
