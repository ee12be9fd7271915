import type { Store } from '../../src/store/store.ts'

/** Opens an empty store. Disposing of it removes it. */
export type OpenStore = () => Promise<Store & AsyncDisposable>

export const neverAborted = new AbortController().signal

export async function listKeys(store: Pick<Store, 'list'>, prefix = ''): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix), ({ key }) => key)).toSorted()
}

export async function readBytes(body: Blob | ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  return await new Response(body).bytes()
}
