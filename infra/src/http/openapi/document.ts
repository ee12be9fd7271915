import { PROBLEMS } from '@darkroom/contracts/problem'
import { type Paths, PROBLEM_CONTENT } from './describe-routes.ts'
import { TAGS } from './route-docs.ts'
import { listSchemas } from './schemas.ts'

const DESCRIPTION = `The API of a studio for AI images and videos, as its own interface uses it.

* Times are RFC 3339 in UTC, ids are UUIDs; capital letters in them make no difference.
* Whatever can be read by GET can be asked for by HEAD, too.
* Lists in queries have commas between their items, or are given one by one, or both.
* Responses with an \`ETag\` take \`If-None-Match\` and \`If-Match\`; files also \`If-Modified-Since\`, \`If-Unmodified-Since\`, \`Range\` and \`If-Range\`.
* Every error is a problem document (RFC 9457), with a code and a sentence for people. \`429\`, \`503\` and \`507\` say in \`Retry-After\` when to try again.
* What costs something is done once for each \`clientId\` or \`Idempotency-Key\`, however often it is sent.`

const PROBLEM_EXAMPLE = {
  'application/problem+json': {
    ...PROBLEM_CONTENT['application/problem+json'],
    example: {
      ...{ type: 'about:blank', title: PROBLEMS.invalid.title, status: PROBLEMS.invalid.status, code: 'invalid' },
      ...{ detail: 'prompt is empty.', requestId: '0190a0b0-c0d0-7000-8000-00000000000c' },
      errors: [{ path: 'prompt', message: 'is empty' }],
    },
  },
}

/**
 * Creates the description of the whole API.
 *
 * @param paths of all services
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function createDocument(paths: Paths): object {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Darkroom',
      version: '1',
      summary: 'The API of a self-hosted studio for AI images and videos',
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: sortByKey(paths),
    components: {
      schemas: listSchemas(),
      responses: { Problem: { description: 'Another problem.', content: PROBLEM_EXAMPLE } },
      securitySchemes: {
        secret: {
          ...{ type: 'apiKey', in: 'header', name: 'x-internal-secret' },
          description:
            'The secret of the studio, `INTERNAL_API_SECRET`. By localhost it is not needed, except where nothing else does.',
        },
        adminCookie: {
          ...{ type: 'apiKey', in: 'cookie', name: 'darkroom_admin' },
          description: 'The cookie that `POST /api/auth/admin` gives for the secret.',
        },
      },
    },
  }
}

function sortByKey(paths: Paths): Paths {
  return Object.fromEntries(Object.entries(paths).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
