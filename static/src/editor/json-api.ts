// The JSON API under one address of the console.
import { ask } from "../lib/http";

export class JsonApi {
  constructor(private readonly base: string) {}

  get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    return ask<T>(this.address(path, query));
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return ask<T>(this.address(path), body);
  }

  address(path: string, query: Record<string, string> = {}): string {
    const search = new URLSearchParams(query).toString();
    return `${this.base}${path}${search ? `?${search}` : ""}`;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
