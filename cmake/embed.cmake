# Files inside the program, so that it serves its pages without a folder beside it. The table is
# embedded_files of web/embedded_files.h; it is written into the build folder.
#   reuse_embed(TARGET AT DIR FILES…)   the files of DIR, served at AT + their names
#   reuse_embed_write(TARGET)           after the last of them
function(reuse_embed target at dir)
    foreach(file ${ARGN})
        # A schema is asked for by the name of its message.
        string(REPLACE ".schema.json" ".json" name ${file})
        set_property(TARGET ${target} APPEND PROPERTY REUSE_EMBED_PATHS ${at}${name})
        set_property(TARGET ${target} APPEND PROPERTY REUSE_EMBED_FILES ${dir}/${file})
    endforeach()
endfunction()

function(reuse_embed_write target)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_table.c)
    get_property(paths TARGET ${target} PROPERTY REUSE_EMBED_PATHS)
    get_property(files TARGET ${target} PROPERTY REUSE_EMBED_FILES)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} "-DPATHS=${paths}" "-DFILES=${files}" -DOUTPUT=${output}
                -P ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        COMMENT "Embedding the pages of the server"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
