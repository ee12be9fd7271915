import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { BUCKET, S3_SETTINGS } from '../kit/image-files.ts'

/**
 * The seed's upload of references: data URLs in the body of a submission, put by the SDK with its defaults, three of a request at
 * a time, without any check. It listens on `QUERY_PORT` and stores at `S3_ENDPOINT`.
 */
const { region, ...credentials } = S3_SETTINGS
const client = new S3Client({ endpoint: process.env.S3_ENDPOINT ?? '', region, credentials, forcePathStyle: true })

Bun.serve({
  port: Number(process.env.QUERY_PORT),
  hostname: '127.0.0.1',
  maxRequestBodySize: 1024 * 1024 * 1024,
  fetch: async request => {
    if (request.method === 'GET') return new Response('ready')
    const { referenceImages } = (await request.json()) as { referenceImages: string[] }
    return Response.json(await persistReferenceImages(referenceImages, crypto.randomUUID()), { status: 201 })
  },
})

async function persistReferenceImages(dataUrls: string[], generationId: string): Promise<string[]> {
  const limit = pLimit(3)
  return await Promise.all(
    dataUrls.map((dataUrl, index) => limit(() => persistReferenceImage(dataUrl, `ref-${generationId}-${index}`))),
  )
}

async function persistReferenceImage(dataUrl: string, name: string): Promise<string> {
  const [, type = '', base64 = ''] = /^data:([^;]+);base64,(.*)$/s.exec(dataUrl) ?? []
  const Body = Buffer.from(base64, 'base64')
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `references/${name}`, Body, ContentType: type }))
  return `references/${name}`
}
