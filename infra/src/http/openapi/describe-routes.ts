import { PROBLEMS, type ProblemCode } from '@darkroom/contracts/problem'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import type { z } from 'zod'
import type { RouteRule, RouteRules } from '../route-rules.ts'
import type { ResponseDoc, RouteDoc, RouteDocs } from './route-docs.ts'
import { type JsonSchema, toSchema } from './schemas.ts'

/** A route as an app has it, with the schemas that its requests are checked by. */
export interface DescribedRoute {
  method: string
  path: string
  hooks: { params?: z.ZodType; query?: z.ZodType; body?: z.ZodType }
}

/** Operations by path and method, as in `paths` of a description. */
export type Paths = Record<string, Record<string, JsonSchema>>

/** Security of each kind of access. An empty requirement is none: the user who opens the studio by localhost is its administrator. */
const SECURITY: Record<RouteRule['access'], object[]> = {
  workspace: [{}],
  admin: [{}, { secret: [] }, { adminCookie: [] }],
  secret: [{ secret: [] }],
}

const FORM: JsonSchema = {
  type: 'object',
  required: ['file'],
  properties: { file: { type: 'array', items: { type: 'string', format: 'binary' }, minItems: 1 } },
}

/**
 * Describes the routes of a service, from their schemas, their rules and their documentation.
 *
 * @throws Error for a route without documentation, and for documentation without a route
 * @see https://spec.openapis.org/oas/v3.1.1.html#paths-object
 */
export function describeRoutes(routes: readonly DescribedRoute[], rules: RouteRules, docs: RouteDocs): Paths {
  const paths: Paths = {}
  const unused = new Set(Object.keys(docs))
  for (const route of routes.filter(({ path }) => !OPERATOR_PATHS.some(operator => operator === path))) {
    const key = `${route.method} ${route.path}`
    const [rule, doc] = [rules[key], docs[key.replace(/^HEAD /, 'GET ')]]
    if (!rule || !doc) throw new Error(`${key} has no documentation`)
    unused.delete(key)
    const path = formatPath(route.path)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOperation(route, rule, doc) }
  }
  if (unused.size > 0) throw new Error(`there is no route ${[...unused].join(', ')}`)
  return paths
}

/** Returns the path of a route as the description has it. A parameter of it stands for one part of the address, except that of media. */
export function formatPath(path: string): string {
  if (path === '/*') return '/'
  return path.replace(/\*$/, '{key}').replace(/:(\w+)/g, '{$1}')
}

function describeOperation(route: DescribedRoute, rule: RouteRule, doc: RouteDoc): JsonSchema {
  const isHead = route.method === 'HEAD'
  const parameters = listParameters(route, doc)
  const body = describeBody(route, rule, doc)
  const description = isHead ? 'The headers of GET, without its content.' : doc.description
  return {
    operationId: nameOperation(route),
    tags: [doc.tag],
    summary: isHead ? `${doc.summary} (headers)` : doc.summary,
    ...(description && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: body }),
    security: SECURITY[rule.access],
    responses: {
      ...Object.fromEntries(
        Object.entries(doc.responses).map(([status, response]) => [status, describeResponse(response, isHead)]),
      ),
      ...describeProblems(doc.problems ?? [], isHead),
    },
  }
}

function nameOperation({ method, path }: DescribedRoute): string {
  const words = path
    .replace('*', 'key')
    .split(/[^A-Za-z]+/)
    .filter(word => word !== '')
  const name = words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return method.toLowerCase() + (name === 'Key' ? 'Interface' : name)
}

function listParameters({ path, hooks }: DescribedRoute, doc: RouteDoc): JsonSchema[] {
  const inPath = hooks.params ? listProperties(hooks.params) : []
  const key =
    path.endsWith('/*') && path !== '/*' ? [{ name: 'key', schema: { type: 'string' }, isRequired: true }] : []
  const inQuery = hooks.query ? listProperties(hooks.query) : []
  return [
    ...[...inPath, ...key].map(property => ({ ...describeParameter(property, doc), in: 'path', required: true })),
    ...inQuery.map(property => ({
      ...describeParameter(property, doc),
      in: 'query',
      ...describeList(property.schema),
    })),
    ...Object.entries(doc.headers ?? {}).map(([name, description]) => ({
      ...{ name, in: 'header', description, schema: { type: 'string' } },
    })),
  ]
}

interface Property {
  name: string
  schema: JsonSchema
  isRequired: boolean
}

function listProperties(schema: z.ZodType): Property[] {
  const { properties = {}, required = [] } = toSchema(schema, 'input') as {
    properties?: Record<string, JsonSchema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({ name, schema, isRequired: required.includes(name) }))
}

function describeParameter({ name, schema, isRequired }: Property, doc: RouteDoc): JsonSchema {
  const description = doc.parameters?.[name]
  return { name, ...(description && { description }), ...(isRequired && { required: true }), schema }
}

/** Lists may also be given one by one: the description can say only one of both. */
function describeList({ type }: JsonSchema): JsonSchema {
  return type === 'array' ? { style: 'form', explode: false } : {}
}

function describeBody({ method, hooks }: DescribedRoute, rule: RouteRule, doc: RouteDoc): JsonSchema | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined
  if (rule.body?.kind === 'form') return { required: true, content: { 'multipart/form-data': { schema: FORM } } }
  if (!hooks.body) return undefined
  const example = doc.example === undefined ? {} : { example: doc.example }
  if (doc.example !== undefined && !hooks.body.safeParse(doc.example).success)
    throw new Error(`the example of ${doc.summary} is not valid`)
  return { required: true, content: { 'application/json': { schema: toSchema(hooks.body, 'input'), ...example } } }
}

function describeResponse({ description, schema, types = [], headers, example }: ResponseDoc, isHead: boolean) {
  const json = schema && { schema: toSchema(schema, 'output'), ...(example === undefined ? {} : { example }) }
  const content = { ...(json && { 'application/json': json }), ...Object.fromEntries(types.map(type => [type, {}])) }
  return {
    description,
    ...(headers && { headers: describeHeaders(headers) }),
    ...(!isHead && Object.keys(content).length > 0 && { content }),
  }
}

function describeHeaders(headers: Readonly<Record<string, string>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  )
}

/** Describes problems by their status: several may have the same. */
function describeProblems(codes: readonly ProblemCode[], isHead: boolean): JsonSchema {
  const byStatus = Map.groupBy(codes, code => PROBLEMS[code].status)
  const described = [...byStatus].map(([status, codes]) => {
    const description = codes.map(code => `${PROBLEMS[code].title} (\`${code}\`)`).join(', or: ')
    return [status, { description, ...(!isHead && { content: PROBLEM_CONTENT }) }]
  })
  return { ...Object.fromEntries(described), default: { $ref: '#/components/responses/Problem' } }
}

/** The content of every problem. */
export const PROBLEM_CONTENT = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
