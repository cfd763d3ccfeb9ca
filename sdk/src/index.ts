export * from "./errors.ts";
export * from "./mlp/parameters.ts";
export * from "./segment/types.ts";
export * from "./ticket/ticket.ts";
