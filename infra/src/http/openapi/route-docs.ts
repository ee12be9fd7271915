import type { ProblemCode } from '@darkroom/contracts/problem'
import type { z } from 'zod'

/** The groups in which the routes are shown. */
export const TAGS = {
  Generations: 'What was made, and what is being made.',
  Submissions: 'Asks for images and videos, and for what is to be done with them.',
  References: 'Images that a submission starts from.',
  Media: 'The bytes of images and videos.',
  Models: 'What can be asked for.',
  Usage: 'What it has cost.',
  Connections: 'Accounts and servers of providers, for administrators.',
  Studio: 'The studio itself: its parts, who administers it, its interface.',
} as const
export type Tag = keyof typeof TAGS

/** A response of a route. */
export interface ResponseDoc {
  description: string
  /** The JSON that it has. */
  schema?: z.ZodType
  /** Content types of a response that is not JSON, or not always. */
  types?: readonly string[]
  /** Headers with what they say. */
  headers?: Readonly<Record<string, string>>
  example?: unknown
}

/** Documentation of a route: what its schemas do not say. Parameters, bodies, limits and rights are read from the route itself. */
export interface RouteDoc {
  tag: Tag
  summary: string
  description?: string
  /** Headers of a request with what they say. */
  headers?: Readonly<Record<string, string>>
  responses: Readonly<Record<number, ResponseDoc>>
  /** Problems that are of this route. Any route can respond with others, such as `unavailable`. */
  problems?: readonly ProblemCode[]
  /** An example of the body of a request. */
  example?: unknown
  /** Sentences about parameters that are no part of a schema, by their names. */
  parameters?: Readonly<Record<string, string>>
}

/** The documentation of a service by `METHOD /path`, as its rules. HEAD needs none: it is that of GET. */
export type RouteDocs = Readonly<Record<string, RouteDoc>>
