# Script: writes OUTPUT, the settings file of the package, as PROGRAM tells every setting. A service
# listens for other machines, so that is set; whoever calls it in trust mode may be anybody.
execute_process(COMMAND ${PROGRAM} config OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "#server.address =" "server.address = 0.0.0.0" text "${text}")
if(NOT text MATCHES "\nserver.address = 0.0.0.0\n")
    message(FATAL_ERROR "server.address is not among the settings")
endif()
file(WRITE ${OUTPUT} "${text}")
