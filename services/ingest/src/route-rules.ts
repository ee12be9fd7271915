import { LIMITS } from '@darkroom/contracts/limits'
import type { RouteRules } from '@darkroom/infra/http/route-rules'

/** Bytes around the files of a form. */
const FORM_OVERHEAD = 64 * 1024

/** Most bytes of a workflow file. */
const WORKFLOW_BYTES = 2_000_000

/** Demands of each route of ingest on a request, checked before its body is read. */
export const INGEST_RULES: RouteRules = {
  'POST /api/generate': { access: 'workspace', body: { kind: 'json', maxBytes: LIMITS.jsonBytes } },
  'POST /api/references': {
    access: 'workspace',
    body: { kind: 'form', maxBytes: LIMITS.references * LIMITS.referenceBytes + FORM_OVERHEAD },
  },
  'GET /api/references/:id/origin': { access: 'workspace' },
  'POST /api/generate/:id/cancel': { access: 'workspace' },
  'POST /api/generate/:id/retry': { access: 'workspace' },
  'POST /api/generate/:id/complete': { access: 'workspace' },
  'POST /api/generate/:id/check': { access: 'workspace' },
  'POST /api/generate/:id/restore': { access: 'workspace' },
  'PATCH /api/generate/:id': { access: 'workspace' },
  'DELETE /api/generate/:id': { access: 'workspace' },
  'DELETE /api/generate/:id/outputs/:index': { access: 'workspace' },
  'POST /api/generate/:id/outputs/:index/restore': { access: 'workspace' },
  'DELETE /api/trash': { access: 'workspace' },
  'GET /api/connections': { access: 'admin' },
  'POST /api/connections': { access: 'admin' },
  'PATCH /api/connections/:id': { access: 'admin' },
  'DELETE /api/connections/:id': { access: 'admin' },
  'POST /api/connections/:id/check': { access: 'admin' },
  'GET /api/connections/:id/workflows': { access: 'admin' },
  'POST /api/connections/:id/workflows': { access: 'admin', body: { kind: 'json', maxBytes: WORKFLOW_BYTES } },
  'DELETE /api/connections/:id/workflows/:name': { access: 'admin' },
  'POST /api/admin/backfill-reference-images': { access: 'secret' },
  'GET /api/auth': { access: 'workspace' },
  'POST /api/auth/admin': { access: 'workspace' },
  'DELETE /api/auth/admin': { access: 'workspace' },
}
