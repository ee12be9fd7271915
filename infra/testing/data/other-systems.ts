/** Tables of the system that people come from, as the migrations of Prisma write them. */
export const PRISMA_TABLES = `
CREATE TYPE "GenerationStatus" AS ENUM ('QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED', 'ARCHIVED');
CREATE TYPE "FileType" AS ENUM ('image', 'video');
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,
    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "Generation" (
    "id" TEXT NOT NULL,
    "userId" TEXT,
    "modelId" TEXT,
    "prompt" TEXT,
    "negativePrompt" TEXT,
    "parameters" JSONB,
    "status" "GenerationStatus" DEFAULT 'QUEUED',
    "cost" DECIMAL(65,30),
    "seed" BIGINT,
    "parentId" TEXT,
    "createdAt" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3),
    "deletedAt" TIMESTAMP(3),
    CONSTRAINT "Generation_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "Output" (
    "id" TEXT NOT NULL,
    "generationId" TEXT NOT NULL,
    "fileUrl" TEXT,
    "filePath" TEXT,
    "bucket" TEXT,
    "fileType" "FileType" NOT NULL DEFAULT 'image',
    "width" INTEGER,
    "height" INTEGER,
    "isStarred" BOOLEAN NOT NULL DEFAULT false,
    "isApproved" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Output_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "Generation_userId_createdAt_idx" ON "Generation"("userId", "createdAt" DESC);
`

/** The same in snake case, with numbers as ids, zones in times, and outputs in a column. */
export const SNAKE_CASE_TABLES = `
create table users (id serial primary key, username text, email text);
create table generations (
  id integer primary key, user_id integer references users, model text, prompt varchar(500), params text, state text, media_type text,
  error_message text, created_at timestamptz, completed_at timestamptz, outputs jsonb, image_urls text[], is_favorite boolean,
  negative_prompt text, legacy_score real
);
`
