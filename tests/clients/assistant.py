"""The Python client of the Model Context Protocol against `malmoi mcp`, in both generations.

    python assistant.py PROGRAM ARGUMENT...

The model is the scripted one of tests/mcp.rs. Versions are in requirements.txt.
"""

import asyncio
import os
import sys

from mcp import Client, MCPError, StdioServerParameters

program, *arguments = sys.argv[1:]
SOURCE, TARGET = "The council meets.", "시의회는 월요일에 모인다."
TOOLS = ["translate", "summarize", "check", "glossary_lookup"]


async def use(mode):
    server = StdioServerParameters(command=program, args=arguments, env=dict(os.environ))
    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == TOOLS, tools
        assert all(tool.annotations.read_only_hint and tool.output_schema for tool in tools)
        told = []

        async def progress(done, total, message):
            told.append((done, total, message))

        text = f"{SOURCE}\n\n17 ferries left."
        # The client checks the data of a result against the tool's schema.
        result = await client.call_tool("translate", {"text": text}, progress_callback=progress)
        assert not result.is_error, result
        assert result.content[0].text.startswith(TARGET), result
        assert result.structured_content["findings"][0]["check"] == "numbers", result
        assert told and told[-1][:2] == (2, 2), told
        pair = {"source": SOURCE, "output": TARGET}
        result = await client.call_tool("check", pair)
        assert result.structured_content["task"] == "translation", result
        summary = {"source": SOURCE * 3, "output": SOURCE}
        result = await client.call_tool("check", summary)
        assert result.structured_content["support"], result
        result = await client.call_tool("glossary_lookup", {"text": SOURCE})
        assert result.structured_content["terms"] == [], result
        result = await client.call_tool("translate", {"text": SOURCE, "to": "fr"})
        assert result.is_error and "use en or ko" in result.content[0].text, result
        try:
            await client.call_tool("delete", {})
        except MCPError as error:
            assert error.code == -32602, error
        else:
            raise AssertionError("an unknown tool was called")


for mode in ["legacy", "2026-07-28", "auto"]:
    print(mode, flush=True)
    asyncio.run(asyncio.wait_for(use(mode), 120))
print("all generations were served")
