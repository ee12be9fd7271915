import type { JsMsg } from 'nats'

/** What a message says, or undefined if it is not JSON: the schema then refuses it like anything else that is wrong. */
export function dataOf(message: JsMsg): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
