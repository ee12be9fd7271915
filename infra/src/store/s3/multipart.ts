import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { isUploadGone } from './errors.ts'
import type { Put } from './put.ts'
import { confirm, md5Of, vouchesFor } from './verify.ts'

/** What every request about one upload says. */
interface Upload {
  Bucket: string
  Key: string
  UploadId: string | undefined
}

const AT_ONCE = 2
const ABANDON = { tries: 2, tryMs: 3_000 }

/**
 * Uploads an object part by part, two at a time. There is nothing under its key before all are there, and nothing is left of
 * it if one fails.
 *
 * @param fail ends what gives the parts, and whatever else goes on under the signal
 * @returns how many bytes it is long
 */
export async function putParts(
  put: Put,
  parts: AsyncIterable<Uint8Array>,
  fail: (error: unknown) => void,
): Promise<number> {
  const { bucket, key, signal } = put
  const { UploadId } = await bucket.ask(new CreateMultipartUploadCommand({ ...bucket.at, Key: key }), { signal })
  const upload: Upload = { ...bucket.at, Key: key, UploadId }
  try {
    const { sent, bytes } = await sendAll(put, upload, parts, fail)
    await complete(put, upload, sent)
    await bucket.insist(within => confirm({ ...put, signal: within }, { bytes, md5: null }), { signal })
    return bytes
  } catch (error) {
    await bucket.ask(new AbortMultipartUploadCommand(upload), ABANDON).catch(() => undefined)
    throw error
  }
}

async function sendAll(put: Put, upload: Upload, parts: AsyncIterable<Uint8Array>, fail: (error: unknown) => void) {
  const sending: Promise<CompletedPart>[] = []
  const underWay = new Set<Promise<void>>()
  let bytes = 0
  try {
    for await (const part of parts) {
      const sent = sendPart(put, { ...upload, PartNumber: sending.length + 1 }, part)
      const settled = sent.then(() => {}, fail).finally(() => underWay.delete(settled))
      sending.push(sent)
      underWay.add(settled)
      bytes += part.byteLength
      if (underWay.size === AT_ONCE) await Promise.race(underWay)
    }
    return { sent: await Promise.all(sending), bytes }
  } catch (error) {
    fail(error)
    // A part that arrives after the upload was given up would be kept for ever.
    await Promise.all(underWay)
    throw error
  }
}

async function sendPart(
  { bucket, signal }: Put,
  part: Upload & { PartNumber: number },
  body: Uint8Array,
): Promise<CompletedPart> {
  const bytes = body.byteLength
  const command = new UploadPartCommand({ ...part, Body: body })
  let digest: Promise<string> | undefined
  const attempt = async (within: AbortSignal) => {
    const answer = bucket.send(command, within)
    digest ??= md5Of(body)
    const [said, md5] = await Promise.all([answer, digest])
    vouchesFor(said, { bytes, md5 })
    return { ETag: said.ETag, PartNumber: part.PartNumber }
  }
  return await bucket.insist(attempt, { signal, bytes })
}

async function complete({ bucket, signal }: Put, upload: Upload, sent: CompletedPart[]): Promise<void> {
  const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: sent } })
  await bucket.ask(command, { signal }).catch(error => {
    // It may have been completed by a try whose answer was lost. What lies there will tell.
    if (!isUploadGone(error)) throw error
  })
}
