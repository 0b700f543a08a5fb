// SPDX-License-Identifier: Apache-2.0
import type { MethodDefinition } from "@grpc/grpc-js";
import type { Message } from "./protobuf.ts";

/** One method of a gRPC service: what it takes and what it gives. */
export interface Method<Request, Response> {
  readonly request: Message<Request>;
  readonly response: Message<Response>;
  /** The answer is a stream of responses. */
  readonly isStream?: true;
}

type Methods = Readonly<Record<string, Method<object, object>>>;
type Service<M> = { readonly [Name in keyof M]: MethodDefinition<object, object> };

/** Makes grpc-js's definition of a service from its full name and its methods. */
export function serviceOf<M extends Methods>(name: string, methods: M): Service<M> {
  const definitions = Object.fromEntries(
    Object.entries(methods).map(([method, { request, response, isStream }]) => {
      const definition: MethodDefinition<object, object> = {
        path: `/${name}/${method}`,
        requestStream: false,
        responseStream: isStream ?? false,
        requestSerialize: (value) => Buffer.from(request.encode(value)),
        requestDeserialize: (bytes) => request.decode(bytes),
        responseSerialize: (value) => Buffer.from(response.encode(value)),
        responseDeserialize: (bytes) => response.decode(bytes),
      };
      return [method, definition];
    }),
  );
  return definitions as Service<M>;
}
