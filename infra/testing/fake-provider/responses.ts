import type { ServerResponse } from 'node:http'
import type { RequestFault } from './behavior.ts'

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, JSON.stringify(body))
}

/** Responds with a fault. */
export function sendFault(response: ServerResponse, fault: RequestFault): void {
  if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter)
  FAULT_HANDLERS[fault.kind](response, fault)
}

const FAULT_HANDLERS: Record<RequestFault['kind'], (response: ServerResponse, fault: RequestFault) => void> = {
  status: (response, { status }) => sendJson(response, status ?? 500, { detail: 'SECRET of the provider' }),
  hang: () => undefined,
  reset: response => void response.destroy(),
  cut: response => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 })
    response.write('{"id":', () => response.destroy())
  },
  malformed: response => sendText(response, 200, '{"id":'),
  'wrong-shape': response => sendJson(response, 200, { id: '../..', status: 'done' }),
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(text)
}
