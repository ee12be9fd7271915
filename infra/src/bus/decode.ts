import type { JsMsg, Msg } from 'nats'

/** Returns the JSON of a message; undefined if it is not JSON, which every schema rejects. */
export function decodeMessage(message: JsMsg | Msg): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
