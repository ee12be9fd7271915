import { ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { isOtherServer } from '../http/is-other-server.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import type { ListedModel } from './model-specs.ts'
import { ModelPage } from './wire.ts'

const MAX_PAGE_BYTES = 4_000_000
/** Most models of a page [D ai.google.dev/api/models], and most pages that are read. */
const PAGE_SIZE = 1_000
const MAX_PAGES = 5
const WRONG_ADDRESS = 'There is no Gemini API at this address: it has no list of models. An address ends in /v1beta.'

/** Lists the models of an account. @throws ProviderError; one that names the address where there is no list */
export async function listModels(client: HttpClient, signal: AbortSignal): Promise<ListedModel[]> {
  const listed: ListedModel[] = []
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { models, nextPageToken } = await requestPage(client, token, signal)
    listed.push(...models)
    if (!nextPageToken) break
    token = nextPageToken
  }
  return listed
}

async function requestPage(
  client: HttpClient,
  token: string | undefined,
  signal: AbortSignal,
): Promise<{ models: ListedModel[]; nextPageToken: string | undefined }> {
  const query = new URLSearchParams({ pageSize: String(PAGE_SIZE), ...(token !== undefined && { pageToken: token }) })
  const request: HttpRequest = {
    method: 'GET',
    path: `/models?${query}`,
    signal,
    failureIfUnanswered: 'retryable',
  }
  try {
    const { data } = ModelPage.safeParse(await readJson(await sendRequest(client, request), request, MAX_PAGE_BYTES))
    if (!data) throw createMisbehavedError('retryable')
    return {
      models: data.models.flatMap(model => (model === null ? [] : toListed(model))),
      nextPageToken: data.nextPageToken,
    }
  } catch (error) {
    throw isOtherServer(error) ? new ProviderError('provider_refused', { message: WRONG_ADDRESS }) : error
  }
}

function toListed({
  name,
  displayName,
  supportedGenerationMethods,
}: {
  name: string
  displayName?: string | undefined
  supportedGenerationMethods?: readonly string[] | undefined
}): ListedModel {
  const isGenerative = supportedGenerationMethods?.includes('generateContent') ?? true
  return { name: name.slice('models/'.length), title: displayName, isGenerative }
}
