import type { ServerResponse } from 'node:http'

/** Faults of `POST /prompt`, of the server or of a proxy before it. */
export const FAULTS = [
  'slow',
  'rate-limited',
  'rate-limited-until',
  'no-credit',
  'wrong-key',
  'no-permission',
  'server-error',
  'unavailable',
  'hang',
  'cut-before-answer',
  'cut-after-headers',
  'cut-mid-body',
  'cut-after-answer',
  'html',
  'invalid-json',
  'wrong-shape',
  'huge-error',
  'redirect',
  'echo-key',
  'content-refused',
  'setting-refused',
  'model-gone',
  'duplicate-answer',
  'run-fails',
] as const
export type Fault = (typeof FAULTS)[number]

export interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** Returns the refusal of a prompt that a fault stands for, before anything is queued; undefined where it is queued. */
export function findRefusal(fault: Fault | null, key: string | null): Answer | undefined {
  return fault === null ? undefined : REFUSALS[fault]?.(key ?? '')
}

const REFUSALS: Partial<Record<Fault, (key: string) => Answer>> = {
  'rate-limited': () => ({ status: 429, body: 'Too Many Requests' }),
  'rate-limited-until': () => ({ status: 429, body: 'Too Many Requests', headers: { 'retry-after': '7200' } }),
  'no-credit': () => ({ status: 402, body: 'Payment Required' }),
  'wrong-key': () => ({ status: 401, body: 'Unauthorized' }),
  'no-permission': () => ({ status: 403, body: 'Forbidden' }),
  unavailable: () => ({ status: 503, body: 'Service Unavailable' }),
  redirect: () => ({ status: 307, body: '', headers: { location: 'http://127.0.0.1:9/prompt' } }),
  'huge-error': () => ({ status: 400, body: 'x'.repeat(50_000_000) }),
  'echo-key': key => refuse({ type: 'invalid_prompt', message: `Bad prompt with ${key}`, details: key }),
  'content-refused': () => ({
    status: 400,
    body: { error: { type: 'content_policy', message: 'Refused.', details: '' } },
  }),
  'setting-refused': () =>
    refuseNode('KSampler', { type: 'value_bigger_than_max', input: 'steps', details: 'steps: 99999' }),
  'model-gone': () =>
    refuseNode('CheckpointLoaderSimple', {
      type: 'value_not_in_list',
      input: 'ckpt_name',
      details: "ckpt_name: 'gone.safetensors' not in ['sd15.safetensors']",
    }),
}

function refuse(error: { type: string; message: string; details: string }): Answer {
  return { status: 400, body: { error: { ...error, extra_info: {} }, node_errors: {} } }
}

function refuseNode(
  className: string,
  { type, input, details }: { type: string; input: string; details: string },
): Answer {
  const errors = [{ type, message: type, details, extra_info: { input_name: input } }]
  const error = {
    type: 'prompt_outputs_failed_validation',
    message: 'Prompt outputs failed validation',
    details: '',
    extra_info: {},
  }
  return {
    status: 400,
    body: { error, node_errors: { 3: { errors, dependent_outputs: ['9'], class_type: className } } },
  }
}

/** Sends an answer in the way of the fault. */
export function sendAnswer(response: ServerResponse, answer: Answer, fault: Fault | null): void {
  const isText = typeof answer.body === 'string'
  const body = Buffer.from(isText ? String(answer.body) : JSON.stringify(answer.body))
  const headers = { 'content-type': isText ? 'text/plain' : 'application/json', ...answer.headers }
  const send = fault === null ? undefined : SENDERS[fault]
  if (send) send(response, body)
  else response.writeHead(answer.status, { ...headers, 'content-length': body.byteLength }).end(body)
}

const SENDERS: Partial<Record<Fault, (response: ServerResponse, body: Buffer) => void>> = {
  hang: () => {},
  'server-error': response => void response.writeHead(500).end('Internal Server Error'),
  'cut-before-answer': response => void response.socket?.destroy(),
  'cut-after-headers': (response, body) => cut(response, body, 0),
  'cut-mid-body': (response, body) => cut(response, body, Math.floor(body.byteLength / 2)),
  'cut-after-answer': (response, body) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.byteLength })
    response.end(body, () => response.socket?.destroy())
  },
  html: response => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>'),
  'invalid-json': (response, body) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(body.subarray(0, -1)),
  'wrong-shape': response =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"prompt_id":7}'),
}

function cut(response: ServerResponse, body: Buffer, length: number): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.byteLength })
  response.flushHeaders()
  // The headers are on their way before the connection is reset.
  response.write(body.subarray(0, Math.max(1, length)), () => setImmediate(() => response.destroy()))
}
