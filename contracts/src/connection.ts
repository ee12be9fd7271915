import { z } from 'zod'
import { COMPATIBLE_SERVERS, CONNECTION_KINDS, MAX_OPEN_CALLS } from './connection-kinds.ts'
import { LIMITS } from './limits.ts'
import { isStorable } from './parameters.ts'

const instant = z.string().describe('RFC 3339')
const micros = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const Slots = z.int().min(1).max(64)
const MaxOpenCalls = z.int().min(1).max(MAX_OPEN_CALLS)
const Text = z.string().refine(isStorable, 'has a character that cannot be stored')
const Name = Text.trim().min(1).max(60)
/** A key is printable ASCII: anything else cannot be sent in a header. */
const Key = z
  .string()
  .trim()
  .regex(/^[!-~]{1,500}$/, 'has a character that no key has')
const BaseUrl = z
  .url({ protocol: /^https?$/ })
  .max(LIMITS.urlCharacters)
  .refine(url => !/[\p{C}\p{Z}]/u.test(url), 'has a character that no address has')
  .refine(url => URL.parse(url)?.username === '' && URL.parse(url)?.password === '', 'must not have a password in it')
  .refine(url => URL.parse(url)?.search === '' && URL.parse(url)?.hash === '', 'must not have a query or a fragment')

/**
 * The dialect of an OpenAI-compatible server: what it takes, and how it is told. A field that is absent is found out by the check, or
 * is that of OpenAI.
 */
export const Dialect = z.strictObject({
  /** The server whose dialect the other fields are changes of. */
  server: z.enum(COMPATIBLE_SERVERS).optional(),
  sendsModel: z.boolean().optional(),
  responseFormat: z.enum(['none', 'b64_json', 'base64', 'url']).optional(),
  references: z.enum(['none', 'multipart', 'image-url', 'json-images', 'input-references']).optional(),
  takesMask: z.boolean().optional(),
  sizeStyle: z.enum(['size', 'width-height', 'aspect-ratio', 'none']).optional(),
  generatePath: z
    .string()
    .regex(/^\/[A-Za-z0-9/_-]{1,100}$/)
    .optional(),
  editPath: z
    .string()
    .regex(/^\/[A-Za-z0-9/_-]{1,100}$/)
    .optional(),
  modelsPath: z
    .string()
    .regex(/^\/[A-Za-z0-9/_?=&-]{1,100}$/)
    .optional(),
  takesSeed: z.boolean().optional(),
  takesNegativePrompt: z.boolean().optional(),
  takesSteps: z.boolean().optional(),
  /** Price of an output in micro-units of USD; 0 for a server of the user's own. Absent: unknown. */
  outputMicros: micros.optional(),
  /** Names of its models, where the server does not list them. */
  models: z.array(Text.min(1).max(150)).max(100).optional(),
})
export type Dialect = z.infer<typeof Dialect>

/** State of a connection. `error` is a sentence for users: what is wrong, and what to do. */
export const ConnectionState = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ok') }),
  z.strictObject({ kind: z.literal('checking') }),
  z.strictObject({ kind: z.literal('wrong-key'), since: instant, error: z.string() }),
  z.strictObject({ kind: z.literal('no-permission'), since: instant, error: z.string() }),
  z.strictObject({ kind: z.literal('no-credit'), since: instant, error: z.string() }),
  z.strictObject({ kind: z.literal('limited'), until: instant }),
  z.strictObject({ kind: z.literal('unreachable'), since: instant, error: z.string() }),
  z.strictObject({ kind: z.literal('failing'), since: instant, error: z.string() }),
  z.strictObject({ kind: z.literal('not-served'), since: instant, error: z.string() }),
])
export type ConnectionState = z.infer<typeof ConnectionState>

/** An account or a server at one kind of provider. Its key goes in and never comes out. */
export const Connection = z.strictObject({
  id: z.string(),
  kind: z.enum(CONNECTION_KINDS),
  name: z.string(),
  baseUrl: z.string().nullable(),
  key: z.enum(['none', 'environment', 'stored', 'missing']),
  /** Environment variable that it comes from. */
  variable: z.string().nullable(),
  locked: z.boolean().describe('it comes from the environment: only limits and budget can be changed'),
  draft: z.boolean().describe('it is being checked before it is added, and makes nothing'),
  state: ConnectionState,
  slots: z.int().describe('generations worked on at once'),
  maxOpenCalls: z
    .int()
    .nullable()
    .describe('most calls open at the provider at once, for all processors together; null: no limit'),
  budgetMicros: micros.nullable().describe('USD a month'),
  assumedMicros: micros.nullable().describe('price of an output that counts under a budget where its model has none'),
  spentMicros: micros.describe('USD of this month'),
  failoverModel: z
    .string()
    .nullable()
    .describe(
      'what waits a minute for this connection, because it is down or lacks a key or credit, is made by this model instead',
    ),
  dialect: Dialect.nullable(),
  checkedAt: instant.nullable(),
  checkResult: z.string().nullable().describe('what the last check found, in words'),
  modelsAt: instant.nullable(),
  models: z.int().min(0),
})
export type Connection = z.infer<typeof Connection>

/** Response of `GET /api/connections`. `budget` is that of the whole studio. */
export const Connections = z.strictObject({
  connections: z.array(Connection),
  budget: z.strictObject({
    limitMicros: micros.nullable(),
    spentMicros: micros,
    /** Estimates of what is queued. */
    reservedMicros: micros,
    renewsAt: instant,
  }),
})
export type Connections = z.infer<typeof Connections>

const changeable = {
  name: Name,
  slots: Slots.nullable(),
  maxOpenCalls: MaxOpenCalls.nullable(),
  budgetMicros: micros.nullable(),
  assumedMicros: micros.nullable(),
  dialect: Dialect.nullable(),
}

/** Body of `POST /api/connections`. A draft is checked and makes nothing until it is added by a change. */
export const NewConnection = z.strictObject({
  kind: z.enum(CONNECTION_KINDS),
  name: changeable.name.optional(),
  baseUrl: BaseUrl.optional(),
  key: Key.optional(),
  slots: changeable.slots.optional(),
  maxOpenCalls: changeable.maxOpenCalls.optional(),
  budgetMicros: changeable.budgetMicros.optional(),
  assumedMicros: changeable.assumedMicros.optional(),
  dialect: changeable.dialect.optional(),
  draft: z.boolean().optional(),
})
export type NewConnection = z.infer<typeof NewConnection>

/** Body of `PATCH /api/connections/:id`. A new `baseUrl` needs the key again: it would be sent to another server. */
export const ConnectionChange = z.strictObject({
  name: changeable.name.optional(),
  baseUrl: BaseUrl.optional(),
  key: Key.nullable().optional(),
  slots: changeable.slots.optional(),
  maxOpenCalls: changeable.maxOpenCalls.optional(),
  budgetMicros: changeable.budgetMicros.optional(),
  assumedMicros: changeable.assumedMicros.optional(),
  failoverModel: Text.min(1).max(200).nullable().optional(),
  dialect: changeable.dialect.optional(),
  draft: z.literal(false).optional(),
})
export type ConnectionChange = z.infer<typeof ConnectionChange>

/** Body of `POST /api/auth/admin`. The response sets a cookie. */
export const AdminLogin = z.strictObject({ secret: z.string().min(1).max(500) })
export type AdminLogin = z.infer<typeof AdminLogin>

/** Response of `GET /api/auth`. */
export const Authority = z.strictObject({ admin: z.boolean() })
export type Authority = z.infer<typeof Authority>
