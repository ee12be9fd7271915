import { Authority, Connection, Connections } from '@darkroom/contracts/connection'
import { Workflow, Workflows } from '@darkroom/contracts/connections/workflow'
import { BackfillResponse } from '@darkroom/contracts/history/backfill'
import type { RouteDocs } from '@darkroom/infra/http/openapi/route-docs'

const CONNECTION = { description: 'The connection as it is now, without its key.', schema: Connection }
const REMOVED = { 204: { description: 'It is removed.' } }

/** Documentation of the routes about connections, administrators and maintenance. */
export const STUDIO_DOCS: RouteDocs = {
  'GET /api/connections': {
    tag: 'Connections',
    summary: 'List the connections',
    responses: { 200: { description: 'The connections, without their keys, and the budget.', schema: Connections } },
    problems: ['forbidden'],
  },
  'POST /api/connections': {
    tag: 'Connections',
    summary: 'Add a connection',
    description: 'Each request adds another one: an `Idempotency-Key` is not taken here.',
    responses: { 201: CONNECTION },
    problems: ['forbidden', 'conflict', 'invalid'],
    example: { kind: 'openai', name: 'OpenAI', key: 'sk-your-key', draft: true },
  },
  'PATCH /api/connections/:id': {
    tag: 'Connections',
    summary: 'Change a connection',
    description: 'Another address needs the key again.',
    responses: { 200: CONNECTION },
    problems: ['forbidden', 'not_found', 'conflict', 'invalid'],
    example: { name: 'OpenAI (team)', slots: 2, budgetMicros: 20_000_000 },
  },
  'DELETE /api/connections/:id': {
    tag: 'Connections',
    summary: 'Remove a connection',
    responses: REMOVED,
    problems: ['forbidden', 'not_found', 'conflict'],
  },
  'POST /api/connections/:id/check': {
    tag: 'Connections',
    summary: 'Check a connection',
    description: 'It costs nothing at the provider. An event `connection` says when its result is there.',
    responses: { 202: CONNECTION },
    problems: ['forbidden', 'not_found', 'conflict'],
  },
  'GET /api/connections/:id/workflows': {
    tag: 'Connections',
    summary: 'List the workflows of a ComfyUI connection',
    responses: { 200: { description: 'The workflows.', schema: Workflows } },
    problems: ['forbidden', 'not_found', 'conflict'],
  },
  'POST /api/connections/:id/workflows': {
    tag: 'Connections',
    summary: 'Upload a workflow',
    description: 'It replaces the one of the same name.',
    responses: { 201: { description: 'The workflow.', schema: Workflow } },
    problems: ['forbidden', 'not_found', 'conflict', 'too_large', 'invalid'],
  },
  'DELETE /api/connections/:id/workflows/:name': {
    tag: 'Connections',
    summary: 'Remove a workflow',
    responses: REMOVED,
    problems: ['forbidden', 'not_found', 'conflict'],
  },
  'POST /api/admin/backfill-reference-images': {
    tag: 'Studio',
    summary: 'Move images out of old rows',
    description: 'Works on one batch. The cursor of its response leads to the next one.',
    responses: { 200: { description: 'What was done.', schema: BackfillResponse } },
    problems: ['unauthenticated', 'invalid'],
    example: { limit: 20, dryRun: true },
  },
  'GET /api/auth': {
    tag: 'Studio',
    summary: 'Ask whether one is an administrator',
    responses: { 200: { description: 'Whether the request is one of an administrator.', schema: Authority } },
  },
  'POST /api/auth/admin': {
    tag: 'Studio',
    summary: 'Become an administrator',
    responses: {
      204: {
        description: 'The secret is right.',
        headers: { 'Set-Cookie': 'A cookie that is good for 30 days.' },
      },
    },
    problems: ['unauthenticated', 'invalid', 'too_many'],
    example: { secret: '…' },
  },
  'DELETE /api/auth/admin': {
    tag: 'Studio',
    summary: 'Be an administrator no longer',
    responses: { 204: { description: 'The cookie is removed.' } },
  },
}
