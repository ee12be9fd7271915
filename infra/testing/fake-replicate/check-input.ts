import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import type { FakeModel, FakeProperty } from './model-schemas.ts'

/** Returns a refusal of Replicate: its bodies have a title, details and the status. [U] */
export function createRefusal(status: number, title: string, detail: string): WireAnswer {
  return { status, body: { title, detail, status } }
}

/**
 * Validates the body of a submission, as Replicate validates its own fields [D replicate.com/changelog/2024-05-01] and the model its input.
 * A field of the input that the model does not have is refused, which Replicate may rather ignore [U].
 *
 * @returns a refusal; undefined for a body that is taken
 */
export function checkSubmission(
  model: FakeModel,
  body: Readonly<Record<string, unknown>>,
  files: ReadonlySet<string>,
): WireAnswer | undefined {
  const known = model.isOfficial ? ['input', 'webhook', 'webhook_events_filter'] : ['version', 'input']
  const unknown = Object.keys(body).filter(name => !known.includes(name))
  const invalid_fields = unknown.map(name => ({
    type: 'additional_property_not_allowed',
    field: '',
    description: `Additional property ${name} is not allowed`,
  }))
  if (unknown.length > 0)
    return { status: 422, body: { title: 'Input validation failed', status: 422, invalid_fields } }
  const input = body.input
  if (typeof input !== 'object' || input === null) return createInputRefusal('input is required')
  const missing = model.required.find(name => !(name in input))
  if (missing !== undefined) return createInputRefusal(`input: ${missing} is required`)
  for (const [name, value] of Object.entries(input)) {
    const property = model.properties[name]
    const problem = property ? findProblem(property, value, files) : 'Additional property is not allowed'
    if (problem !== undefined) return createInputRefusal(`input.${name}: ${problem}`)
  }
  return undefined
}

function createInputRefusal(problem: string): WireAnswer {
  return createRefusal(422, 'Input validation failed', `- ${problem}\n`)
}

function findProblem(property: FakeProperty, value: unknown, files: ReadonlySet<string>): string | undefined {
  const { type, enum: values, minimum, maximum } = property
  if (values && !values.some(option => option === value)) return `must be one of the following: ${values.join(', ')}`
  if (type === 'array') return Array.isArray(value) && value.every(item => isFile(item, files)) ? undefined : NO_FILE
  if (property.format === 'uri') return isFile(value, files) ? undefined : NO_FILE
  if (typeof value !== (type === 'integer' ? 'number' : type)) return `Invalid type. Expected: ${type}`
  if (type === 'integer' && !Number.isSafeInteger(value)) return 'Invalid type. Expected: integer'
  if (typeof value === 'number' && minimum !== undefined && value < minimum) return `Must be at least ${minimum}`
  if (typeof value === 'number' && maximum !== undefined && value > maximum) return `Must be at most ${maximum}`
  return undefined
}

const NO_FILE = "Does not match format 'uri'"

/** Returns whether a value is a file that was uploaded: the studio sends no other URL. */
function isFile(value: unknown, files: ReadonlySet<string>): boolean {
  return typeof value === 'string' && files.has(value)
}
