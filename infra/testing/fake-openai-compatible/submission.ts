import sharp from 'sharp'
import type { EndpointSpec } from './flavours.ts'

/** A request for images as it was received. Files are described; of each field the last one is retained. */
export interface WireSubmission {
  path: string
  fields: Readonly<Record<string, unknown>>
  files: readonly { field: string; name: string; mimeType: string; bytes: number; channels: number }[]
}

/** The last file that was received in each field. */
export type ReceivedFiles = Map<string, Uint8Array>

/** A request that the server refuses: its field and the reason. */
export interface FieldError {
  field: string
  message: string
}

/** Reads the body of a submission. @throws Error when it is not of the type that the endpoint takes */
export async function readSubmission(
  { body, type, path }: { body: Buffer; type: string; path: string },
  endpoint: EndpointSpec,
  received: ReceivedFiles,
): Promise<WireSubmission> {
  if (endpoint.body === 'multipart') {
    if (!type.startsWith('multipart/form-data')) throw new Error('Content-Type must be multipart/form-data')
    return await readForm(new Response(Uint8Array.from(body), { headers: { 'content-type': type } }), path, received)
  }
  if (!type.startsWith('application/json')) throw new Error('Content-Type must be application/json')
  return { path, fields: JSON.parse(body.toString()), files: [] }
}

/** Returns the first field that the endpoint refuses; null if it takes them all. */
export function findFieldError(
  { fields, files }: WireSubmission,
  endpoint: EndpointSpec,
  formats: readonly string[],
): FieldError | null {
  const names = [...Object.keys(fields), ...files.map(file => file.field)]
  const missing = endpoint.required.find(name => !names.includes(name))
  if (missing) return { field: missing, message: `Missing required parameter: '${missing}'.` }
  const known = [...endpoint.required, ...endpoint.optional]
  const unknown = endpoint.isStrict ? names.find(name => !known.includes(name)) : undefined
  if (unknown) return { field: unknown, message: `Unknown parameter: '${unknown}'.` }
  const format = fields.response_format
  if (format === undefined || !known.includes('response_format') || formats.includes(String(format))) return null
  return { field: 'response_format', message: `Invalid value: '${format}' for response_format.` }
}

async function readForm(response: Response, path: string, received: ReceivedFiles): Promise<WireSubmission> {
  const fields: Record<string, unknown> = {}
  const files: WireSubmission['files'][number][] = []
  for (const [field, value] of await response.formData()) {
    if (typeof value === 'string') fields[field] = value
    else {
      const bytes = await value.bytes()
      received.set(field, bytes)
      files.push(await describeFile(field, value, bytes))
    }
  }
  return { path, fields, files }
}

async function describeFile(field: string, file: File, bytes: Uint8Array): Promise<WireSubmission['files'][number]> {
  const { channels = 0 } = await sharp(bytes).metadata()
  return { field, name: file.name, mimeType: file.type, bytes: file.size, channels }
}
