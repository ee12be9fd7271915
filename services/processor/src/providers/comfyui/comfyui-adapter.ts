import { z } from 'zod'
import { type Adapter, type ConnectionCheck, ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { isOtherServer } from '../http/is-other-server.ts'
import { createKeyHeaders } from '../http/key-headers.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { cancelPrompt, checkPrompt, isKnown } from './check-prompt.ts'
import { classifyComfyUi } from './classify.ts'
import { detectJobRoutes } from './find-job.ts'
import {
  type CheckedWorkflows,
  checkWorkflows,
  findWorkflow,
  type UsableWorkflow,
  type WorkflowSource,
} from './load-workflows.ts'
import { createPromptId } from './prompt-id.ts'
import type { PromptServer } from './prompt-server.ts'
import { readPromptAnswer, submitPrompt } from './submit-prompt.ts'
import { watchPrompt } from './watch-prompt.ts'
import { toModelSpec } from './workflow-model.ts'

export interface ComfyUiOptions {
  /** Id of the connection. */
  connection: string
  /** Address of the server: `http://192.168.1.20:8188`. */
  baseUrl: string
  /** Key of a proxy before the server: a token, or `user:password`. */
  key: string | null
  /** The workflows of the connection: uploaded ones, and those of the folder. */
  workflows: WorkflowSource
  fetch?: typeof fetch
  /** Time limit of a request, in ms; 15,000 unless given. */
  deadlineMs?: number
}

const DEADLINE_MS = 15_000
const MAX_STATS_BYTES = 1_000_000
const SystemStats = z.looseObject({
  system: z.looseObject({ comfyui_version: z.string().max(50).optional().catch(undefined) }),
})
const NO_SERVER = 'There is no ComfyUI at this address. It usually ends in :8188.'

/**
 * Creates the adapter of a ComfyUI server. Its models are workflows. A prompt has an id of our own, which is noted before it is sent, so
 * that it is found again whatever happens.
 *
 * @see docs/providers/comfyui.md for what is verified
 */
export function createComfyUiAdapter(options: ComfyUiOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = DEADLINE_MS } = options
  const headers = () => createKeyHeaders(key)
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyComfyUi }
  let server: PromptServer | undefined
  const openServer = async (signal: AbortSignal): Promise<PromptServer> => {
    server ??= { client, routes: await detectJobRoutes(client, signal) }
    return server
  }
  return {
    connection,
    kind: 'comfyui',
    submitting: {
      kind: 'remote',
      submit: async (request, callOptions) => {
        const server = await openServer(callOptions.signal)
        const workflow = await loadWorkflow(options, request.model, callOptions.signal)
        return await submitPrompt(server, workflow, request, callOptions)
      },
      readAnswer: readPromptAnswer,
      recover: async (idempotencyKey, _, signal) => {
        const handle = createPromptId(idempotencyKey)
        return (await isKnown(await openServer(signal), handle, signal))
          ? { kind: 'found', handle }
          : { kind: 'never-taken' }
      },
    },
    check: async (handle, signal, { indices = [0], ageSeconds = 0 } = {}) =>
      await checkPrompt(await openServer(signal), handle, { indices, ageSeconds, signal }),
    cancel: async (handle, signal) => await cancelPrompt(await openServer(signal), handle, signal),
    watch: (handle, watchOptions, signal) => watchPrompt(client, handle, watchOptions, signal),
    checkConnection: async signal => await checkServer(client, options, signal),
    models: async signal => {
      const { usable, refused, classes } = await checkWorkflows(client, await options.workflows.load(signal), signal)
      await options.workflows.record(refused)
      return usable.map(workflow => toModelSpec(connection, workflow, workflow.slots, classes))
    },
    download: () => ({ headers: createKeyHeaders(key), origins: [new URL(baseUrl).origin] }),
  }
}

/** @throws ProviderError `model_unknown` */
async function loadWorkflow(
  { workflows, connection }: ComfyUiOptions,
  model: string,
  signal: AbortSignal,
): Promise<UsableWorkflow> {
  const workflow = findWorkflow(await workflows.load(signal), model.slice(`${connection}/`.length))
  if (workflow) return workflow
  throw new ProviderError('model_unknown', { message: 'This workflow is not there any more. Choose another model.' })
}

async function checkServer(
  client: HttpClient,
  { workflows }: ComfyUiOptions,
  signal: AbortSignal,
): Promise<ConnectionCheck> {
  try {
    const request: HttpRequest = { method: 'GET', path: '/system_stats', signal, failureIfUnanswered: 'retryable' }
    const stats = SystemStats.safeParse(await readJson(await sendRequest(client, request), request, MAX_STATS_BYTES))
    if (!stats.success) return { ok: false, error: new ProviderError('provider_refused', { message: NO_SERVER }) }
    await detectJobRoutes(client, signal)
    const checked = await checkWorkflows(client, await workflows.load(signal), signal)
    return { ok: true, note: describeCheck(stats.data.system.comfyui_version, checked) }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return {
      ok: false,
      error: isOtherServer(error) ? new ProviderError('provider_refused', { message: NO_SERVER }) : error,
    }
  }
}

const MAX_NOTE_CHARACTERS = 1_000

function describeCheck(version: string | undefined, { usable, refused }: CheckedWorkflows): string {
  const server = version === undefined ? 'It works.' : `It works: ComfyUI ${version}.`
  const count = `${usable.length} ${usable.length === 1 ? 'workflow' : 'workflows'} can be used.`
  const hint = usable.length + refused.length === 0 ? 'Add a workflow to make pictures with it.' : count
  const problems = refused.map(({ name, problem }) => `${name}: ${problem}`)
  return [server, hint, ...problems].join(' ').slice(0, MAX_NOTE_CHARACTERS)
}
