import { describe, expect, it } from "vitest";
import type { Decoder } from "../internal/decode.ts";
import {
  containerCreateRequest,
  containerUpdateRequest,
  execCreateRequest,
  execStartRequest,
} from "./container-decode.ts";
import { networkConnectRequest, networkCreateRequest } from "./network-decode.ts";

const refusal = (decoder: Decoder<unknown>, root: string, body: unknown): string => {
  try {
    decoder.decode(body, root);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "accepted";
};

// What a real engine answered to each body.
describe("a member of the wrong type", () => {
  it.each([
    [{ image: 5 }, "number into Go struct field .image of type string"],
    [{ HostConfig: 5 }, "number into Go struct field .HostConfig of type container.HostConfig"],
    [{ HostConfig: { Memory: "5" } }, "string into Go struct field .HostConfig.Memory of type int64"],
    [{ HostConfig: { Memory: 1.5 } }, "number 1.5 into Go struct field .HostConfig.Memory of type int64"],
    [{ HostConfig: { BlkioWeight: -1 } }, "number -1 into Go struct field .HostConfig.BlkioWeight of type uint16"],
    [
      { HostConfig: { BlkioWeight: 70000 } },
      "number 70000 into Go struct field .HostConfig.BlkioWeight of type uint16",
    ],
    [{ Env: "x" }, "string into Go struct field .Env of type []string"],
    [{ Env: [5] }, "number into .Env.0 of type string"],
    [{ Cmd: 5 }, "number into Go value of type string"],
    [{ Cmd: [5] }, "array into Go value of type string"],
    [{ Labels: { a: 5 } }, "number into Go struct field .Labels.a of type string"],
    [{ Volumes: { "/a": 5 } }, "number into Go struct field .Volumes.~1a of type struct {}"],
    [{ ExposedPorts: [] }, "array into Go struct field .ExposedPorts of type nat.PortSet"],
    [{ StopTimeout: "x" }, "string into Go struct field .StopTimeout of type int"],
    [{ Healthcheck: { Interval: "x" } }, "string into Go struct field .Healthcheck.Interval of type time.Duration"],
    [
      { HostConfig: { PortBindings: { "80/tcp": 5 } } },
      "number into Go struct field .HostConfig.PortBindings.80~1tcp of type []nat.PortBinding",
    ],
    [
      { HostConfig: { PortBindings: { "80/tcp": [5] } } },
      "number into .HostConfig.PortBindings.80~1tcp.0 of type nat.PortBinding",
    ],
    [
      { HostConfig: { Ulimits: [{ Soft: "5" }] } },
      "string into Go struct field .HostConfig.Ulimits.0.Soft of type int64",
    ],
    [{ HostConfig: { Ulimits: {} } }, "object into Go struct field .HostConfig.Ulimits of type []*units.Ulimit"],
    [{ HostConfig: { ConsoleSize: ["a"] } }, "string into .HostConfig.ConsoleSize.0 of type uint"],
    [
      { HostConfig: { Mounts: [{ TmpfsOptions: { Mode: "x" } }] } },
      "string into Go struct field .HostConfig.Mounts.0.TmpfsOptions.Mode of type fs.FileMode",
    ],
    [
      { HostConfig: { RestartPolicy: { Name: 5 } } },
      "number into Go struct field .HostConfig.RestartPolicy.Name of type container.RestartPolicyMode",
    ],
    [
      { NetworkingConfig: { EndpointsConfig: { a: 5 } } },
      "number into Go struct field .NetworkingConfig.EndpointsConfig.a of type network.EndpointSettings",
    ],
    [
      { NetworkingConfig: { EndpointsConfig: 5 } },
      "number into Go struct field .NetworkingConfig.EndpointsConfig of type map[string]*network.EndpointSettings",
    ],
  ])("of a container's create: %j", (body, message) => {
    expect(refusal(containerCreateRequest, "", body)).toBe(`json: cannot unmarshal ${message}`);
  });

  it.each([
    [containerUpdateRequest, "UpdateConfig", { Memory: "x" }, "Memory of type int64"],
    [execCreateRequest, "ExecOptions", { Tty: "x" }, "Tty of type bool"],
    [execStartRequest, "ExecStartOptions", { Detach: "x" }, "Detach of type bool"],
    [networkCreateRequest, "CreateRequest", { IPAM: "x" }, "IPAM of type network.IPAM"],
    [networkConnectRequest, "ConnectOptions", { Container: {} }, "Container of type string"],
  ] as const)("of other requests is named with the request's type", (decoder, root, body, place) => {
    const kind = typeof Object.values(body)[0];
    expect(decoder.type.endsWith(`.${root}`)).toBe(true);
    expect(refusal(decoder, root, body)).toBe(`json: cannot unmarshal ${kind} into Go struct field ${root}.${place}`);
    expect(refusal(decoder, root, [])).toBe(`json: cannot unmarshal array into Go value of type ${decoder.type}`);
  });
});

it("null is nothing: absent in a struct, the zero value in an array or a map", () => {
  expect(
    containerCreateRequest.decode(
      {
        Env: [null],
        Tty: null,
        Labels: { a: null },
        HostConfig: { Ulimits: [null], PortBindings: { "80/tcp": null }, DeviceRequests: [null] },
      },
      "",
    ),
  ).toEqual({
    Env: [""],
    Labels: { a: "" },
    HostConfig: {
      Ulimits: [{ Name: "", Hard: 0, Soft: 0 }],
      PortBindings: { "80/tcp": null },
      DeviceRequests: [{}],
    },
  });
});
