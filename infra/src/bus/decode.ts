import type { JsMsg } from 'nats'

/** What a message says, or undefined if it is not JSON: the schema then refuses it like anything else that is wrong. */
export function decodeMessage(message: JsMsg): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
