import { z } from 'zod'

/** An input of a model, as its schema describes it. */
export interface InputField {
  name: string
  /** `file` and `files`: a URL, or a list of URLs. `other`: anything that no one can choose in the studio. */
  type: 'string' | 'number' | 'integer' | 'boolean' | 'file' | 'files' | 'other'
  title: string
  description: string
  /** Values that it may have; none if it may have any of its type. */
  options: (string | number)[]
  minimum?: number | undefined
  maximum?: number | undefined
  multipleOf?: number | undefined
  maxLength?: number | undefined
  maxItems?: number | undefined
  default?: string | number | boolean | undefined
  isRequired: boolean
  /** Whether it is a key or another secret. */
  isSecret: boolean
}

const MAX_FIELDS = 100
const MAX_OPTIONS = 100
const MAX_OPTION_CHARACTERS = 100
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

const finite = z.number().optional().catch(undefined)
const count = z.int().min(0).optional().catch(undefined)
const scalar = z.union([z.string().max(1_000), z.number(), z.boolean()])
const Property = z.looseObject({
  type: z.string().optional().catch(undefined),
  title: z.string().catch(''),
  description: z.string().catch(''),
  format: z.string().optional().catch(undefined),
  enum: z.array(z.unknown()).optional().catch(undefined),
  allOf: z.array(z.unknown()).optional().catch(undefined),
  anyOf: z.array(z.unknown()).optional().catch(undefined),
  $ref: z.string().optional().catch(undefined),
  items: z.looseObject({ type: z.string().optional(), format: z.string().optional() }).optional().catch(undefined),
  default: scalar.optional().catch(undefined),
  minimum: finite,
  maximum: finite,
  multipleOf: finite,
  maxLength: count,
  maxItems: count,
  'x-order': finite,
  'x-cog-secret': z.boolean().optional().catch(undefined),
})
type Property = z.infer<typeof Property>
const Input = z.looseObject({
  properties: z.record(z.string(), z.unknown()).catch({}),
  required: z.array(z.unknown()).catch([]),
})

/**
 * Reads the inputs of a model from the schemas of its version, in the order in which its own page shows them. One that makes no sense is
 * left out, unless it is required. The schema of Cog: a choice is a schema of its own, which an input refers to by `allOf`.
 *
 * @returns undefined where there is no input
 */
export function readInputFields(schemas: Readonly<Record<string, unknown>>): InputField[] | undefined {
  const { data: input } = Input.safeParse(schemas.Input)
  if (!input) return undefined
  const fields = Object.entries(input.properties)
    .slice(0, MAX_FIELDS)
    .flatMap(([name, value]) => {
      const { data } = Property.safeParse(value)
      const isRequired = input.required.includes(name)
      if (!data || !FIELD_NAME.test(name)) return isRequired ? [{ order: 0, field: createUnusable(name) }] : []
      const property = resolveReferences(data, schemas)
      return [{ order: data['x-order'] ?? MAX_FIELDS, field: toField(name, property, isRequired) }]
    })
  return fields.length === 0 ? undefined : fields.toSorted((a, b) => a.order - b.order).map(({ field }) => field)
}

const REFERENCE = /^#\/components\/schemas\/([\w.-]{1,100})$/

/** Returns a property with what the schemas have that it refers to. Its own words come first. */
function resolveReferences(property: Property, schemas: Readonly<Record<string, unknown>>): Property {
  const referring = [property, ...(property.allOf ?? []), ...(property.anyOf ?? [])]
  for (const part of referring) {
    const { data } = Property.partial().safeParse(part)
    const name = REFERENCE.exec(data?.$ref ?? '')?.[1]
    const found = Property.safeParse(name !== undefined && Object.hasOwn(schemas, name) ? schemas[name] : part).data
    if (found?.type === undefined || found.type === 'null') continue
    const { title, description, default: value } = property
    return { ...found, ...dropUndefined(property), title, description, ...(value !== undefined && { default: value }) }
  }
  return property
}

function dropUndefined(property: Property): Partial<Property> {
  return Object.fromEntries(Object.entries(property).filter(([, value]) => value !== undefined))
}

function toField(name: string, property: Property, isRequired: boolean): InputField {
  const { title, description, minimum, maximum, multipleOf, maxLength, maxItems } = property
  return {
    name,
    type: toType(property),
    title: title.trim() || toTitle(name),
    description: description.replace(/\s+/g, ' ').trim(),
    options: toOptions(property.enum),
    ...{ minimum, maximum, multipleOf, maxLength, maxItems, default: property.default, isRequired },
    isSecret:
      property['x-cog-secret'] === true || property.format === 'password' || /api_?key|token|secret/i.test(name),
  }
}

function toType({ type, format, items, enum: choices }: Property): InputField['type'] {
  if (type === 'array') return items?.type === 'string' && items.format === 'uri' ? 'files' : 'other'
  if (type === 'string') return format === 'uri' ? 'file' : 'string'
  if (type === 'number' || type === 'integer' || type === 'boolean') return type
  return type === undefined && choices?.some(choice => typeof choice === 'string') ? 'string' : 'other'
}

function toOptions(choices: readonly unknown[] = []): (string | number)[] {
  const valid = choices.filter(
    (choice): choice is string | number =>
      typeof choice === 'number' || (typeof choice === 'string' && choice.length <= MAX_OPTION_CHARACTERS),
  )
  return [...new Set(valid)].slice(0, MAX_OPTIONS)
}

function createUnusable(name: string): InputField {
  return { name, type: 'other', title: '', description: '', options: [], isRequired: true, isSecret: false }
}

function toTitle(name: string): string {
  const words = name.replaceAll(/[_.-]+/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
