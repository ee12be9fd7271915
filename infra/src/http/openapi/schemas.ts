import {
  AdminLogin,
  Authority,
  Connection,
  ConnectionChange,
  ConnectionState,
  Connections,
  Dialect,
  NewConnection,
} from '@darkroom/contracts/connection'
import { NewWorkflow, Workflow, Workflows } from '@darkroom/contracts/connections/workflow'
import {
  Cancellation,
  FavouriteChange,
  Generation,
  GenerationPage,
  Parent,
  Submission,
  SubmittedParameters,
} from '@darkroom/contracts/generation'
import { BackfillFailure, BackfillRequest, BackfillResponse } from '@darkroom/contracts/history/backfill'
import { DownloadRequest } from '@darkroom/contracts/history/download'
import { GenerationCount, ImageSettings, ReferenceOrigin, TrashEmptied } from '@darkroom/contracts/history/library'
import { Timeline } from '@darkroom/contracts/history/timeline'
import { ConnectionBudget, Usage, UsageBudget, UsageRow } from '@darkroom/contracts/history/usage'
import { Model, ModelInput, Models, Price, Setting, Sizes } from '@darkroom/contracts/model'
import { Output, PublicError } from '@darkroom/contracts/output'
import { Parts, StudioReadiness } from '@darkroom/contracts/parts'
import { Problem } from '@darkroom/contracts/problem'
import { Reference, References } from '@darkroom/contracts/reference'
import { z } from 'zod'

/** A schema as OpenAPI has it, which is JSON Schema. */
export type JsonSchema = Record<string, unknown>

/** Bodies of requests, by the names that they have in the description. What is left out and has a default may be left out. */
const REQUESTS = {
  AdminLogin,
  BackfillRequest,
  ConnectionChange,
  DownloadRequest,
  FavouriteChange,
  NewConnection,
  NewWorkflow,
  Submission,
  SubmittedParameters,
}

/** Bodies of responses, and what is in them. */
const RESPONSES = {
  Authority,
  BackfillFailure,
  BackfillResponse,
  Cancellation,
  Connection,
  ConnectionBudget,
  ConnectionState,
  Connections,
  Dialect,
  Generation,
  GenerationCount,
  GenerationPage,
  ImageSettings,
  Model,
  ModelInput,
  Models,
  Output,
  Parent,
  Parts,
  Price,
  Problem,
  PublicError,
  Reference,
  ReferenceOrigin,
  References,
  Setting,
  Sizes,
  StudioReadiness,
  Timeline,
  TrashEmptied,
  Usage,
  UsageBudget,
  UsageRow,
  Workflow,
  Workflows,
}

/** Whether a schema describes what is sent to the studio, or what it sends. */
export type Direction = 'input' | 'output'

const NAMED: Record<Direction, Record<string, z.ZodType>> = { input: REQUESTS, output: RESPONSES }

/** Returns the schema of a value, by its name if it has one. */
export function toSchema(schema: z.ZodType, io: Direction): JsonSchema {
  const found = Object.entries(NAMED[io]).find(([, named]) => named === schema)
  if (found) return { $ref: `#/components/schemas/${found[0]}` }
  return clean(z.toJSONSchema(schema, getOptions(io)))
}

/** Returns the named schemas, which refer to each other by their names. */
export function listSchemas(): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries({ ...convert(REQUESTS, 'input'), ...convert(RESPONSES, 'output') }).toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  )
}

function convert(named: Record<string, z.ZodType>, io: Direction): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id })
  const uri = (id: string) => `#/components/schemas/${id}`
  const { schemas } = z.toJSONSchema(registry, { ...getOptions(io), uri })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, clean(schema)]))
}

/** Formats that say all that their patterns say. */
const FORMATS: readonly unknown[] = ['uuid', 'date', 'date-time', 'uri']

function getOptions(io: Direction) {
  return {
    io,
    unrepresentable: 'any' as const,
    override: ({ jsonSchema }: { jsonSchema: JsonSchema }) => simplify(jsonSchema, io),
  }
}

/** Removes what readers need not know: later versions of a response may have more in it. */
function simplify(schema: JsonSchema, io: Direction): void {
  if (FORMATS.includes(schema.format)) delete schema.pattern
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (io === 'output' && schema.additionalProperties === false) delete schema.additionalProperties
}

/** Removes what belongs to a document of its own. */
function clean({ $schema: _schema, $id: _id, ...schema }: JsonSchema): JsonSchema {
  return schema
}
