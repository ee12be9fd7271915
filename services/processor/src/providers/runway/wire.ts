import { z } from 'zod'

/** Shapes of Runway's API, as far as they are read. Unknown fields are ignored. @see npm @runwayml/sdk@4.20.1 [S] */

/** Identifier of a task: it becomes a part of a path. */
export const TaskId = z.string().regex(/^[A-Za-z0-9_-]{1,200}$/)

/** Answer of a submission. */
export const CreatedTask = z.looseObject({ id: TaskId })

const Cost = z.looseObject({ credits: z.number().min(0) })

/** Answer of `GET /tasks/{id}`. `cost` is there once it has ended: what remains charged. */
export const Task = z.looseObject({
  id: TaskId,
  status: z.string(),
  cost: Cost.optional().catch(undefined),
  progress: z.number().optional().catch(undefined),
  output: z.array(z.string()).optional().catch(undefined),
  failure: z.string().nullish().catch(undefined),
  failureCode: z.string().nullish().catch(undefined),
})
export type Task = z.infer<typeof Task>

/** Answer of `GET /organization`. */
export const Organization = z.looseObject({ creditBalance: z.number() })

/** Body of an error: a text [D docs.dev.runwayml.com/api-details/errors]; the list of issues is [U]. */
export const ErrorBody = z.looseObject({
  error: z.string(),
  issues: z
    .array(
      z.looseObject({
        message: z.string().optional().catch(undefined),
        path: z
          .array(z.union([z.string(), z.number()]))
          .optional()
          .catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
})
