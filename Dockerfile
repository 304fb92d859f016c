# The image of the operator. Build it in the root of the repository: docker build -t llmisvc-operator .
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The development dependency `node` brings a second Node; the image has one.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npx tsc -p tsconfig.build.json && npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/crds ./crds
COPY --from=build /app/presets ./presets
COPY --from=build /app/charts/kserve-llmisvc-resources/files ./charts/kserve-llmisvc-resources/files
# The names under which Deployments start it, and people.
RUN ln -s /app/dist/cli/manager.js /manager && ln -s /app/dist/cli/main.js /usr/local/bin/llmisvc && chmod +x dist/cli/manager.js dist/cli/main.js
USER 1000:1000
ENTRYPOINT ["/manager"]
