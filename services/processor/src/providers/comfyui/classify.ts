import { z } from 'zod'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Refusal } from '../http/refusal.ts'

const text = z.string().catch('')
const NodeError = z.looseObject({
  type: text,
  details: text,
  extra_info: z.looseObject({ input_name: text, received_value: z.unknown() }).partial().catch({}),
})
const PromptRefusal = z.looseObject({
  error: z.union([z.looseObject({ type: text, message: text, details: text }), z.string()]),
  node_errors: z
    .record(z.string(), z.looseObject({ class_type: text, errors: z.array(NodeError).catch([]) }))
    .catch({}),
})

/** Maps the refusal of a prompt to an error that names the node and its input. @see validate_prompt in ComfyUI’s execution.py */
export function classifyComfyUi({ status, body }: Refusal): ClassifiedRefusal | undefined {
  if (status === 405) return { code: 'request_unknown' }
  if (status !== 400) return undefined
  const { data } = PromptRefusal.safeParse(body)
  if (!data) return undefined
  const [failed] = Object.values(data.node_errors)
  const [error] = failed?.errors ?? []
  if (failed && error) return classifyNode(failed.class_type, error)
  const { type, message, details } =
    typeof data.error === 'string' ? { type: '', message: data.error, details: '' } : data.error
  const isMissing = /missing_node_type|invalid_prompt/.test(type) && /node|class/i.test(`${message} ${details}`)
  return {
    code: isMissing ? 'model_unknown' : 'setting_refused',
    message: withQuote('The server does not take this workflow.', details || message),
  }
}

function classifyNode(node: string, { type, details, extra_info }: z.infer<typeof NodeError>): ClassifiedRefusal {
  const name = `the node ${node.slice(0, 100)}`
  const input = extra_info.input_name ?? ''
  if (/image/i.test(input) && /custom_validation_failed|invalid_image/.test(type))
    return {
      code: 'reference_refused',
      message: withQuote(`The server could not load the image of ${name}.`, details),
    }
  if (type === 'value_not_in_list')
    return {
      code: 'model_unknown',
      message: withQuote(`The server does not have what ${name} needs as ${input}.`, details),
    }
  return { code: 'setting_refused', message: withQuote(`The server does not take ${input} of ${name}.`, details) }
}
