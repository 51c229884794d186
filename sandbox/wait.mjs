// Waiting for a thing to become true, by asking it: never a fixed sleep.
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * @param {string} what for the error message
 * @param {() => unknown} check a truthy value ends the wait; an exception counts as not yet
 * @param {{ seconds: number, hopeless?: () => string | undefined, evidence?: () => string }} options
 */
export async function until(what, check, { seconds, hopeless, evidence }) {
  const deadline = Date.now() + seconds * 1000;
  let reason = '';
  for (;;) {
    try {
      if (await check()) return;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    const lost = hopeless?.();
    if (lost || Date.now() > deadline) {
      const why = lost ?? `not within ${seconds} s${reason ? ` (${reason})` : ''}`;
      throw new Error(`${what}: ${why}${evidence ? `\n${evidence()}` : ''}`);
    }
    await pause(60);
  }
}

/**
 * @typedef {{ ca?: string, cert?: string, key?: string, rejectUnauthorized?: boolean }} Tls
 * @param {string} url
 * @param {Tls} [tls]
 * @returns {Promise<{ status: number, body: string }>}
 */
export function get(url, tls = {}) {
  const request = url.startsWith('https:') ? secure : plain;
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...tls, agent: false, timeout: 2000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`${url} did not answer`)));
    asked.on('error', reject);
    asked.end();
  });
}

/** Whether something accepts connections on a socket. @param {string} path @returns {Promise<boolean>} */
export function listens(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
