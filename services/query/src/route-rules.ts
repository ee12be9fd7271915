import { READINESS_ROUTE } from '@darkroom/contracts/routes'
import type { RouteRules } from '@darkroom/infra/http/route-rules'

/** Longest list of what to download, in bytes: ten thousand ids, with blanks and line breaks. */
const DOWNLOAD_BYTES = 1024 * 1024

/** Demands of each route of query on a request, checked before a body is read. The list itself checks who may see parameters in full. */
export const QUERY_RULES: RouteRules = {
  'GET /api/generations': { access: 'workspace' },
  'GET /api/generations/timeline': { access: 'workspace' },
  'GET /api/generations/count': { access: 'workspace' },
  'GET /api/generations/:id': { access: 'workspace' },
  'GET /api/models': { access: 'workspace' },
  'GET /api/usage': { access: 'workspace' },
  'GET /api/parts': { access: 'workspace' },
  [`GET ${READINESS_ROUTE.target}`]: { access: 'workspace' },
  'GET /api/events': { access: 'workspace' },
  'HEAD /api/events': { access: 'workspace' },
  'GET /api/download': { access: 'workspace' },
  'HEAD /api/download': { access: 'workspace' },
  'POST /api/download': { access: 'workspace', body: { kind: 'json', maxBytes: DOWNLOAD_BYTES } },
  'GET /api/download/:id/:index': { access: 'workspace' },
  'HEAD /api/download/:id/:index': { access: 'workspace' },
  'GET /openapi.json': { access: 'workspace' },
  'GET /media/remote/:id/:index': { access: 'workspace' },
  'HEAD /media/remote/:id/:index': { access: 'workspace' },
  'GET /media/remote/:id/ref/:index': { access: 'workspace' },
  'HEAD /media/remote/:id/ref/:index': { access: 'workspace' },
  'GET /media/*': { access: 'workspace' },
  'GET /*': { access: 'workspace' },
}
