import { Cancellation, Generation } from '@darkroom/contracts/generation'
import { ReferenceOrigin, TrashEmptied } from '@darkroom/contracts/history/library'
import { References } from '@darkroom/contracts/reference'
import type { RouteDoc, RouteDocs } from '@darkroom/infra/http/openapi/route-docs'
import { STUDIO_DOCS } from './studio-docs.ts'

const GENERATION = { description: 'The generation as it is now.', schema: Generation }
const ACCEPTED = { description: 'Accepted: it waits for its turn.', schema: Generation }
const REPLAYED = {
  description: 'The same was requested before: nothing was done, and this is the generation as it is now.',
  schema: Generation,
  headers: { 'Idempotency-Replayed': '`true`' },
}
const KEY_HEADER = {
  'Idempotency-Key':
    'A UUID, or another text of at most 255 characters, in quotes or not. The same key is the same action: what was done with it is not done again.',
}
const OUTPUT_PARAMETERS = { index: 'The position of the output in its generation, from 0 on.' }

const keyedAction = (summary: string, description: string): RouteDoc => ({
  ...{ tag: 'Submissions', summary, description, headers: KEY_HEADER },
  responses: { 200: REPLAYED, 202: ACCEPTED },
  problems: ['not_found', 'conflict', 'invalid', 'too_many', 'budget_reached'],
})
const change = (summary: string, description?: string): RouteDoc => ({
  ...{ tag: 'Generations', summary, ...(description && { description }) },
  responses: { 200: GENERATION },
  problems: ['not_found', 'conflict', 'invalid'],
})

/** Documentation of the routes of ingest. */
export const INGEST_DOCS: RouteDocs = {
  ...STUDIO_DOCS,
  'POST /api/generate': {
    tag: 'Submissions',
    summary: 'Submit a prompt',
    description:
      'The `clientId` of the body, or the header `Idempotency-Key`, makes it once: sent again with the same body it returns the same generation. A reference is the id of an uploaded one, an https address, or a data URL.',
    headers: KEY_HEADER,
    responses: { 200: REPLAYED, 202: ACCEPTED },
    problems: ['malformed', 'budget_reached', 'conflict', 'too_large', 'unsupported_type', 'invalid', 'too_many'],
    example: {
      prompt: 'a lighthouse in the fog, by day',
      model: 'demo',
      parameters: { aspectRatio: '3:2', resolution: 1024, numOutputs: 2, seed: 7 },
    },
  },
  'POST /api/references': {
    tag: 'References',
    summary: 'Upload images',
    description:
      'One or more fields `file`, each a PNG, JPEG, WebP, AVIF or GIF of at most 20 MB. An image is known by its bytes: uploaded again it is the same reference, so that an `Idempotency-Key` is not needed.',
    responses: { 201: { description: 'A reference for each file, in their order.', schema: References } },
    problems: ['malformed', 'too_large', 'unsupported_type', 'invalid', 'too_many', 'disk_full'],
  },
  'GET /api/references/:id/origin': {
    tag: 'References',
    summary: 'Find out where an image comes from',
    responses: {
      200: { description: 'The output that it is, and the settings that are written in it.', schema: ReferenceOrigin },
    },
    problems: ['not_found', 'invalid'],
  },
  'POST /api/generate/:id/cancel': {
    tag: 'Submissions',
    summary: 'Cancel a generation',
    responses: {
      200: { description: 'Whether it was cancelled, and what that means for the bill.', schema: Cancellation },
    },
    problems: ['not_found', 'invalid'],
  },
  'POST /api/generate/:id/retry': keyedAction(
    'Retry a generation',
    'One that has failed or was cancelled. All that is missing is made, in new calls that cost what they cost.',
  ),
  'POST /api/generate/:id/complete': keyedAction(
    'Make what is missing',
    'Only the outputs that are missing of a generation that has ended, in new calls that cost what they cost.',
  ),
  'POST /api/generate/:id/check': keyedAction(
    'Ask the provider again',
    'About calls whose outcome is not known. It buys nothing.',
  ),
  'POST /api/generate/:id/restore': change('Take a generation out of the trash'),
  'PATCH /api/generate/:id': {
    ...change('Mark an output as a favourite, or not'),
    example: { outputIndex: 0, favourite: true },
  },
  'DELETE /api/generate/:id': {
    tag: 'Generations',
    summary: 'Move a generation to the trash',
    description: 'One that has not ended is cancelled.',
    responses: { 204: { description: 'It is in the trash.' } },
    problems: ['not_found', 'invalid'],
  },
  'DELETE /api/generate/:id/outputs/:index': {
    ...change('Delete one output', 'The last one of a generation is deleted with it.'),
    parameters: OUTPUT_PARAMETERS,
    problems: ['not_found', 'conflict', 'last_output', 'invalid'],
  },
  'POST /api/generate/:id/outputs/:index/restore': {
    ...change('Restore one output'),
    parameters: OUTPUT_PARAMETERS,
    problems: ['not_found', 'gone', 'invalid'],
  },
  'DELETE /api/trash': {
    tag: 'Generations',
    summary: 'Empty the trash',
    responses: { 200: { description: 'How many generations were removed for good.', schema: TrashEmptied } },
    problems: ['conflict'],
  },
}
