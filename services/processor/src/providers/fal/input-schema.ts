import { z } from 'zod'

/** A field of a model's input, as far as it is read from its schema. */
export interface InputField {
  type: 'string' | 'number' | 'integer' | 'boolean' | 'other'
  title: string | undefined
  description: string | undefined
  values: readonly (string | number)[] | undefined
  minimum: number | undefined
  maximum: number | undefined
  default: string | number | boolean | undefined
}

/** The input of an endpoint. */
export interface InputSchema {
  fields: ReadonlyMap<string, InputField>
  required: readonly string[]
}

const MAX_FIELDS = 100
const MAX_VALUES = 100
const MAX_DEPTH = 4

const text = z.string().optional().catch(undefined)
const number = z.number().optional().catch(undefined)
const Node = z.looseObject({
  $ref: text,
  type: text,
  title: text,
  description: text,
  enum: z
    .array(z.union([z.string().max(200), z.number()]))
    .min(1)
    .max(MAX_VALUES)
    .optional()
    .catch(undefined),
  minimum: number,
  maximum: number,
  default: z.union([z.string(), z.number(), z.boolean()]).optional().catch(undefined),
  anyOf: z.array(z.unknown()).optional().catch(undefined),
  oneOf: z.array(z.unknown()).optional().catch(undefined),
  allOf: z.array(z.unknown()).optional().catch(undefined),
})
type Node = z.infer<typeof Node>

const Input = z.looseObject({
  properties: z.record(z.string(), z.unknown()),
  required: z.array(z.string()).optional().catch(undefined),
})
const Document = z.looseObject({
  paths: z.record(z.string(), z.unknown()).catch({}),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).catch({}) }),
})
const Post = z.looseObject({
  post: z.looseObject({
    requestBody: z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })) }),
  }),
})
type Components = Readonly<Record<string, unknown>>

/** Returns the input of an endpoint from its OpenAPI document: that of its POST. Undefined where it has none that can be read. */
export function findInputSchema(openapi: unknown, endpoint: string): InputSchema | undefined {
  const { data: document } = Document.safeParse(openapi)
  if (!document) return undefined
  const { schemas } = document.components
  const paths = [document.paths[`/${endpoint}`], ...Object.values(document.paths)]
  const post = paths.map(path => Post.safeParse(path).data).find(found => found !== undefined)
  const body = post?.post.requestBody.content['application/json']?.schema
  const { data: input } = Input.safeParse(resolveReference(body, schemas))
  if (!input) return undefined
  const fields = Object.entries(input.properties)
    .slice(0, MAX_FIELDS)
    .map(([name, property]) => [name, toField(property, schemas, 0)] as const)
  return { fields: new Map(fields), required: input.required ?? [] }
}

function resolveReference(node: unknown, schemas: Components): unknown {
  const name = /^#\/components\/schemas\/(.+)$/.exec(Node.safeParse(node).data?.$ref ?? '')?.[1]
  return name !== undefined && Object.hasOwn(schemas, name) ? schemas[name] : node
}

/** Reads a field. Of several variants it has the first that is a scalar: the others are null, or objects for the same. */
function toField(property: unknown, schemas: Components, depth: number): InputField {
  const node = Node.safeParse(property).data
  const resolved = Node.safeParse(resolveReference(property, schemas)).data
  if (!node || !resolved || depth > MAX_DEPTH) return OTHER
  const variants = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]
  const scalar = variants.map(variant => toField(variant, schemas, depth + 1)).find(({ type }) => type !== 'other')
  const own = toOwnField(resolved)
  const base = own.type === 'other' ? (scalar ?? own) : own
  return {
    ...base,
    title: node.title ?? base.title,
    description: node.description ?? base.description,
    default: node.default ?? base.default,
  }
}

const TYPES = ['string', 'number', 'integer', 'boolean'] as const
const OTHER: InputField = {
  type: 'other',
  title: undefined,
  description: undefined,
  values: undefined,
  minimum: undefined,
  maximum: undefined,
  default: undefined,
}

function toOwnField({ type, title, description, enum: values, minimum, maximum, default: chosen }: Node): InputField {
  const known = TYPES.find(name => name === type) ?? 'other'
  return { type: known, title, description, values, minimum, maximum, default: chosen }
}
