import type { HttpClient } from '../http/http-client.ts'

/** The routes by which a server tells about prompts: `/api/jobs`, or the older queue and history. */
export type JobRoutes = 'jobs' | 'queue'

/** A server, and the routes by which it tells about prompts. */
export interface PromptServer {
  client: HttpClient
  /** Found out by asking it; a server that is started again may be of another version. */
  routes: JobRoutes
}
